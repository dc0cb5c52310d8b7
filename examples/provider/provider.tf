terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {
  aws { region = "eu-central-1" }
}

variable "automation_execution_id" {
  description = "The execution that waits for an approval."
  type        = string
}

resource "signal_automation" "approve" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  wait_for_completion     = true
}

# Created only after the run that was approved has succeeded.
resource "terraform_data" "deploy" {
  depends_on = [signal_automation.approve]
}
