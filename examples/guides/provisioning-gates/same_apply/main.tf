terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {}

variable "runbook" {
  description = "The runbook that migrates the database once it is approved."
  type        = string
}

variable "run" {
  description = "The command that starts the runbook, and ends when the runbook has ended."
  type        = string
}

# Any resource that starts a run does so: it is created only when the run has ended.
resource "terraform_data" "migration" {
  provisioner "local-exec" {
    command = "${var.run} ${var.runbook}"
  }
}

# It depends on nothing of the run, and so opens the gate while the run waits.
resource "signal_automation" "approve" {
  document_name = var.runbook
  signal_type   = "Approve"

  wait_until_ready = true # the run may not have been started yet
}

resource "terraform_data" "application" {
  depends_on = [terraform_data.migration]
}
