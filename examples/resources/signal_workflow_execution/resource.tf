variable "order_id" {
  description = "The workflow id of the order that waits for its release."
  type        = string
}

variable "approval" {
  description = "What the decider needs to know. It is kept neither in the plan nor in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "signal_workflow_execution" "release" {
  domain      = "orders"
  workflow_id = var.order_id
  signal_name = "release"

  # A write-only value cannot be compared: its version says when it has changed.
  input_wo         = var.approval
  input_wo_version = 1
}

# Created only after SWF has accepted the signal.
resource "terraform_data" "released" {
  input      = var.order_id
  depends_on = [signal_workflow_execution.release]
}
