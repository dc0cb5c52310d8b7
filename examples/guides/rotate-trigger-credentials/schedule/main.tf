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

variable "release" {
  type = string
}

resource "signal_http_trigger_job" "pause" {
  name         = "pause-before-release"
  group_id     = var.group_id
  action_type  = "delay"
  action_value = jsonencode({ delay_minutes = 1 })

  # The first apply of each month rotates.
  rotation_triggers = {
    month = formatdate("YYYY-MM", plantimestamp())
  }

  # Nothing else does.
  rotate_on_update = false
}

# It reads the URL and the access token when it runs the job, so a rotation
# does not change it.
resource "signal_http_trigger" "pause" {
  job_id   = signal_http_trigger_job.pause.id
  triggers = { release = var.release }
}
