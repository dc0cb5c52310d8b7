variable "execution" {
  description = "The ARN of the execution with the task."
  type        = string
}

variable "task" {
  description = "The token of that task."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "signal_sfn_task" "approved" {
  status = "SUCCESS"
  output = jsonencode({ approved = true })

  task_token_wo         = var.task
  task_token_wo_version = 1
}

# Waits for the end of the whole execution. It sends nothing.
resource "signal_sfn_task_wait" "deployed" {
  execution_arn = var.execution

  timeouts {
    create = "45m"
  }

  depends_on = [signal_sfn_task.approved]
}

output "deployed" {
  value = jsondecode(signal_sfn_task_wait.deployed.outputs)
}
