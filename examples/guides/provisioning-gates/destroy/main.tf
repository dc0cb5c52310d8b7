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
  description = "The execution that shows the maintenance page until it gets a signal."
  type        = string
}

resource "terraform_data" "application" {}

# Terraform destroys this before the application that it depends on, and sends
# the signal then: the maintenance page is up before the application is
# removed.
resource "signal_automation" "maintenance" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Resume"
  payload                 = { StepName = ["hold"] }

  when                = "destroy"
  wait_for_completion = true

  depends_on = [terraform_data.application]
}
