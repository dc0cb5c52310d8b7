variable "callback" {
  description = "What the function of the custom step received."
  type = object({
    workflow_id  = string
    execution_id = string
  })
}

variable "callback_token" {
  description = "The token of the callback. It is kept neither in the plan nor in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "signal_workflow_step_state" "scanned" {
  workflow_id  = var.callback.workflow_id
  execution_id = var.callback.execution_id
  status       = "SUCCESS"

  # A write-only value cannot be compared: its version says when it has changed.
  token_wo         = var.callback_token
  token_wo_version = 1
}

# Created only after Transfer Family has accepted the callback.
resource "terraform_data" "scanned" {
  input      = var.callback.execution_id
  depends_on = [signal_workflow_step_state.scanned]
}
