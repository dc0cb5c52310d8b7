# Runs a Cloud Automator job through its HTTP trigger.
#
# `make demo` applies this. To do it by hand, run `make sandbox` in another
# terminal: the defaults below are what it serves.

terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

variable "url" {
  description = "The trigger's URL, as the job's page shows it."
  type        = string
  default     = "http://127.0.0.1:4599/trigger/sandbox-trigger"
  sensitive   = true
}

variable "access_token" {
  description = "The trigger's access token, as the job's page shows it."
  type        = string
  default     = "sandbox-access-token"
  sensitive   = true
}

resource "signal_http_trigger" "backup" {
  url          = var.url
  access_token = var.access_token
}

# Stands for a resource that must be created only after the job has been started.
resource "terraform_data" "deployment" {
  input      = "started at ${signal_http_trigger.backup.sent_at}"
  depends_on = [signal_http_trigger.backup]
}
