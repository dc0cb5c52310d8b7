variable "last_callback" {
  description = "What the function of the workflow's last custom step received."
  type = object({
    workflow_id  = string
    execution_id = string
  })
}

variable "last_callback_token" {
  description = "The token of that callback."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# A gate. It waits for the later steps, because the next resource needs the
# files that they deliver.
resource "signal_workflow_step_state" "delivered" {
  workflow_id  = var.last_callback.workflow_id
  execution_id = var.last_callback.execution_id
  status       = "SUCCESS"

  token_wo         = var.last_callback_token
  token_wo_version = 1

  wait_for_completion = true
}

# Created after the service no longer shows the execution, if no failure was
# seen. Transfer Family does not tell whether the execution succeeded.
resource "terraform_data" "delivered" {
  input      = var.last_callback.execution_id
  depends_on = [signal_workflow_step_state.delivered]
}
