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

# This needs no API key: anybody who has the URL and the access token can run
# the job. Rotated values are recorded in place and run nothing.
resource "signal_http_trigger" "restart" {
  url                     = var.trigger_url
  access_token_wo         = var.trigger_access_token
  access_token_wo_version = 1

  triggers = {
    release = var.release
  }
}
