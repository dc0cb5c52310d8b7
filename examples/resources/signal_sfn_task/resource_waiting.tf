variable "last_task_token" {
  description = "The token of the execution's last task that waits."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "execution_arn" {
  description = "The execution that the task belongs to."
  type        = string
}

# A gate. It waits for the end of the execution, because the next resource
# needs the result.
resource "signal_sfn_task" "released" {
  status = "SUCCESS"
  output = jsonencode({})

  task_token_wo         = var.last_task_token
  task_token_wo_version = 1

  execution_arn       = var.execution_arn
  wait_for_completion = true
}

# Created after the execution has succeeded.
resource "terraform_data" "released" {
  input      = signal_sfn_task.released.target_status
  depends_on = [signal_sfn_task.released]
}
