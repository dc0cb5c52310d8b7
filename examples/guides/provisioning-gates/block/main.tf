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
  description = "The execution that migrates the database once it is approved."
  type        = string
}

resource "signal_automation" "migrate" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"

  wait_until_ready    = true # the step may still be on its way to the approval
  wait_for_completion = true # and what follows needs the migration, not the approval

  timeouts {
    create = "45m"
  }
}

# Created only after the runbook has succeeded.
resource "terraform_data" "application" {
  input      = "deployed after ${signal_automation.migrate.target_status}"
  depends_on = [signal_automation.migrate]
}
