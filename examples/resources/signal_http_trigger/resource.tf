variable "job_id" {
  description = "The Cloud Automator job that takes the backup; its trigger is the HTTP trigger."
  type        = string
}

variable "release" {
  description = "What is being released. Another release needs another backup."
  type        = string
}

# The job's URL and access token are read through the job API when the job is
# run, and kept nowhere.
resource "signal_http_trigger" "backup" {
  job_id = var.job_id

  # Only a change here runs the job again.
  triggers = {
    release = var.release
  }
}

variable "trigger_url" {
  description = "The trigger's URL, from the job's page."
  type        = string
  sensitive   = true
}

variable "trigger_access_token" {
  description = "The trigger's access token, from the job's page."
  type        = string
  ephemeral   = true
}

# Without an API key: whoever has the URL and the access token can run the job.
# Rotated ones are taken over in place and run nothing.
resource "signal_http_trigger" "restart" {
  url                     = var.trigger_url
  access_token_wo         = var.trigger_access_token
  access_token_wo_version = 1

  triggers = {
    release = var.release
  }
}
