terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

variable "group_id" {
  type = number
}

variable "store" {
  description = "A command that puts $TRIGGER_URL and $TRIGGER_TOKEN into the secret store."
  type        = string
}

resource "signal_http_trigger_job" "pause" {
  name         = "pause-before-release"
  group_id     = var.group_id
  action_type  = "delay"
  action_value = jsonencode({ delay_minutes = 1 })

  # The URL and the access token are not in the state.
  store_credentials = false

  # The provider runs the job with the new values at once.
  trigger_on_apply = true
}

ephemeral "signal_http_trigger_job" "pause" {
  id = signal_http_trigger_job.pause.id
}

resource "terraform_data" "stored" {
  # Changes after each rotation, including one in the console.
  triggers_replace = signal_http_trigger_job.pause.rotated_at

  provisioner "local-exec" {
    command = var.store
    environment = {
      TRIGGER_URL   = ephemeral.signal_http_trigger_job.pause.url
      TRIGGER_TOKEN = ephemeral.signal_http_trigger_job.pause.access_token
    }
  }
}
