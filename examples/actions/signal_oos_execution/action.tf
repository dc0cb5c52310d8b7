variable "template_name" {
  description = "The template whose execution waits for approval."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_oos_execution.approve
action "signal_oos_execution" "approve" {
  config {
    template_name       = var.template_name
    notify_type         = "Approve"
    wait_for_completion = true
    timeout             = "45m"
  }
}
