variable "automation_execution_id" {
  description = "The execution that waits in an aws:approve step."
  type        = string
}

resource "terraform_data" "approve" {
  triggers_replace = [var.automation_execution_id]

  provisioner "local-exec" {
    command = <<-EOT
      aws ssm send-automation-signal --signal-type Approve --automation-execution-id ${var.automation_execution_id}
      until aws ssm get-automation-execution --automation-execution-id ${var.automation_execution_id} \
        --query AutomationExecution.AutomationExecutionStatus --output text | grep -q Success; do sleep 10; done
    EOT
  }
}

resource "terraform_data" "application" {
  depends_on = [terraform_data.approve]
}
