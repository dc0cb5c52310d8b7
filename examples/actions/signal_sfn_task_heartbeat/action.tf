variable "task_token" {
  description = "The token of the task, from when it began to wait."
  type        = string
  sensitive   = true
}

# Run this repeatedly while something works on the task:
# terraform apply -auto-approve -invoke=action.signal_sfn_task_heartbeat.working
action "signal_sfn_task_heartbeat" "working" {
  config {
    task_token = var.task_token
  }
}
