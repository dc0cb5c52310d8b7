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
  description = "The execution that keeps the maintenance page up until it is told to go on."
  type        = string
}

resource "terraform_data" "application" {}

# Destroyed before the application it depends on, and only then sent: the
# maintenance page is up before the application goes away.
resource "signal_automation" "maintenance" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Resume"
  payload                 = { StepName = ["hold"] }

  when                = "destroy"
  wait_for_completion = true

  depends_on = [terraform_data.application]
}
