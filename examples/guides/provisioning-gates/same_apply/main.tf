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

# Stands for a resource that starts a run: its creation ends when the run has
# ended.
resource "terraform_data" "migration" {
  provisioner "local-exec" {
    command = "${var.run} ${var.runbook}"
  }
}

# Do not depend on the resource that starts the run. The signal then approves
# the run while the run waits.
resource "signal_automation" "approve" {
  document_name = var.runbook
  signal_type   = "Approve"

  wait_until_ready = true # the run may not have been started yet
}

resource "terraform_data" "application" {
  depends_on = [terraform_data.migration]
}
