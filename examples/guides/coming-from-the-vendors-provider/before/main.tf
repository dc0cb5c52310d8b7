terraform {
  required_providers {
    cloudautomator = {
      source = "cloudautomator/cloudautomator"
    }
  }
}

variable "group_id" {
  type = number
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
