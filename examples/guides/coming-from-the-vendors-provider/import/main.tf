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

variable "job_id" {
  type = string
}

resource "signal_http_trigger_job" "pause" {
  name         = "pause-before-release"
  group_id     = var.group_id
  action_type  = "delay"
  action_value = jsonencode({ delay_minutes = 1 })
}

removed {
  from = cloudautomator_job.pause

  lifecycle {
    destroy = false
  }
}

import {
  to = signal_http_trigger_job.pause
  id = var.job_id
}
