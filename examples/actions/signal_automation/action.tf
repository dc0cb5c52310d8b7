variable "automation_execution_id" {
  description = "The execution that waits in an aws:approve step."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_automation.approve
action "signal_automation" "approve" {
  config {
    automation_execution_id = var.automation_execution_id
    signal_type             = "Approve"
    payload = {
      Comment = ["Approved by an operator"]
    }
    wait_for_completion = true
    timeout             = "30m"
  }
}
