variable "template_name" {
  description = "The template whose execution waits for approval."
  type        = string
}

# A gate: approves the one execution of the template that waits, once there is
# one, and is passed when that execution has succeeded.
resource "signal_oos_execution" "gate" {
  template_name = var.template_name
  notify_type   = "Approve"

  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "45m"
  }
}

# Not created when the execution fails or is cancelled.
resource "terraform_data" "application" {
  input      = "deployed after ${signal_oos_execution.gate.target_status}"
  depends_on = [signal_oos_execution.gate]
}
