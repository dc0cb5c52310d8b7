variable "delivery" {
  description = "The execution that an uploaded file has started."
  type = object({
    workflow_id  = string
    execution_id = string
  })
}

# Transfer Family shows an execution as soon as it is in progress. The wait sends nothing.
resource "signal_workflow_step_state_wait" "started" {
  workflow_id  = var.delivery.workflow_id
  execution_id = var.delivery.execution_id
  until        = "ready"
}

# Created after the execution has begun.
resource "terraform_data" "started" {
  input      = var.delivery.execution_id
  depends_on = [signal_workflow_step_state_wait.started]
}
