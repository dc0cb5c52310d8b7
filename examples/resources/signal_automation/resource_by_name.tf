variable "runbook" {
  description = "The runbook that another resource of this configuration starts."
  type        = string
}

# It depends on nothing that starts the execution, and so runs beside that:
# Terraform would otherwise wait for an end that waits for this approval.
resource "signal_automation" "gate" {
  document_name = var.runbook
  signal_type   = "Approve"

  wait_until_ready = true
}
