terraform {
  required_providers {
    cloudautomator = {
      source = "cloudautomator/cloudautomator"
    }
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

resource "cloudautomator_job" "pause" {
  name        = "pause-before-release"
  group_id    = var.group_id
  rule_type   = "webhook"
  action_type = "delay"

  delay_action_value {
    delay_minutes = 1
  }
}

# The provider reads the URL and the access token when it runs the job.
resource "signal_http_trigger" "pause" {
  job_id   = cloudautomator_job.pause.id
  triggers = { release = var.release }
}
