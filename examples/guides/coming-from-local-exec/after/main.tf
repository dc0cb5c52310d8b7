terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {}

variable "automation_execution_id" {
  description = "The execution that waits in an aws:approve step."
  type        = string
}

resource "signal_automation" "approve" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  wait_for_completion     = true

  # Only for the move: the provider finds the approval of the old command,
  # and does not send it again.
  adopt_existing = true
}

resource "terraform_data" "application" {
  depends_on = [signal_automation.approve]
}
