# A gate. It approves the execution after the execution has begun to wait for
# approval, and then waits until the execution has succeeded.
resource "signal_oos_execution" "gate" {
  execution_id = var.last_execution_id
  notify_type  = "Approve"

  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "45m"
  }
}

variable "last_execution_id" {
  description = "An execution that reaches a task that waits for approval."
  type        = string
}

# Not created when the execution fails or is cancelled.
resource "terraform_data" "application" {
  input      = "deployed after ${signal_oos_execution.gate.target_status}"
  depends_on = [signal_oos_execution.gate]
}
