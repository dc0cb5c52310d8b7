# A gate: what follows needs the files that the later steps deliver.
resource "signal_workflow_step_state" "delivered" {
  workflow_id  = var.callback.workflow_id
  execution_id = var.callback.execution_id
  status       = "SUCCESS"

  token_wo         = var.callback_token
  token_wo_version = 1

  wait_for_completion = true
}

# Created once the execution is gone without a failure having been seen: that
# it succeeded, Transfer Family does not tell.
resource "terraform_data" "delivered" {
  input      = var.callback.execution_id
  depends_on = [signal_workflow_step_state.delivered]
}
