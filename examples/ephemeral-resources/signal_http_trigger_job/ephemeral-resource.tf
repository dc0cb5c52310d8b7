variable "job_id" {
  description = "The Cloud Automator job; its trigger is the HTTP trigger."
  type        = string
}

variable "trigger_url" {
  description = "The trigger's URL, from the job's page. By itself it runs nothing."
  type        = string
  sensitive   = true
}

# Read in each plan and apply that needs it, and kept nowhere.
ephemeral "signal_http_trigger_job" "backup" {
  id = var.job_id
}

resource "signal_http_trigger" "backup" {
  url                     = var.trigger_url
  access_token_wo         = ephemeral.signal_http_trigger_job.backup.access_token
  access_token_wo_version = 1
}
