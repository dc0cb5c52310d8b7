variable "task_token" {
  description = "The token of the task. If the state machine runs Terraform, it sets TF_VAR_task_token."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "signal_sfn_task" "migrated" {
  status = "SUCCESS"
  output = jsonencode({ migrated = true })

  # A write-only value cannot be compared: its version says when it has changed.
  task_token_wo         = var.task_token
  task_token_wo_version = 1
}

# Created only after Step Functions has accepted the answer.
resource "terraform_data" "migrated" {
  input      = signal_sfn_task.migrated.sent_at
  depends_on = [signal_sfn_task.migrated]
}
