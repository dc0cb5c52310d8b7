variable "runbook" {
  description = "The runbook that another resource of this configuration starts."
  type        = string
}

# Do not depend on the resource that starts the execution. Terraform then
# applies both at the same time. Otherwise it would first wait for the end of
# the execution, which waits for this approval.
resource "signal_automation" "gate" {
  document_name = var.runbook
  signal_type   = "Approve"

  wait_until_ready = true
}
