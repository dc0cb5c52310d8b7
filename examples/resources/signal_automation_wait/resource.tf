variable "automation_execution_id" {
  description = "The execution that goes on after three approvals."
  type        = string
}

# With wait_for_completion the first of them would wait for the other two.
resource "signal_automation" "approve" {
  for_each = toset(["build", "security", "release"])

  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"
  payload                 = { Comment = [each.key] }
}

# One wait behind all of them. It sends nothing.
resource "signal_automation_wait" "deployed" {
  automation_execution_id = var.automation_execution_id

  timeouts {
    create = "45m"
  }

  depends_on = [signal_automation.approve]
}

output "deployed_version" {
  value = signal_automation_wait.deployed.outputs["deploy.Version"]
}
