variable "job_id" {
  description = "The Cloud Automator job; its trigger is the HTTP trigger."
  type        = string
}

# Each plan and apply that needs these values reads them. They are not stored.
ephemeral "signal_http_trigger_job" "backup" {
  id = var.job_id
}

resource "signal_http_trigger" "backup" {
  url_wo                  = ephemeral.signal_http_trigger_job.backup.url
  url_wo_version          = 1
  access_token_wo         = ephemeral.signal_http_trigger_job.backup.access_token
  access_token_wo_version = 1
}
