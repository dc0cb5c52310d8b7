variable "job_id" {
  description = "The Cloud Automator job that takes the backup; its trigger is the HTTP trigger."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_http_trigger.backup
action "signal_http_trigger" "backup" {
  config {
    job_id = var.job_id
  }
}
