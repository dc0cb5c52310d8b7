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
  description = "The execution that asks twice: before the staging and before the production rollout."
  type        = string
}

resource "signal_automation" "staging" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  wait_until_ready        = true
}

resource "terraform_data" "smoke_test" {
  depends_on = [signal_automation.staging]
}

resource "signal_automation" "production" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  wait_until_ready        = true # the run has to reach its second approval first
  wait_for_completion     = true # only the last signal of a run can wait for its end

  depends_on = [terraform_data.smoke_test]
}
