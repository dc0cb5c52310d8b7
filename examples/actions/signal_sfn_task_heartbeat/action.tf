variable "task_token" {
  description = "What the task handed out when it began to wait."
  type        = string
  sensitive   = true
}

# While something long is done for the task, again and again:
# terraform apply -auto-approve -invoke=action.signal_sfn_task_heartbeat.working
action "signal_sfn_task_heartbeat" "working" {
  config {
    task_token = var.task_token
  }
}
