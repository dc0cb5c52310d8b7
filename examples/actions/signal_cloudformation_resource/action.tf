variable "stack_name" {
  description = "The CloudFormation stack that waits for an approval."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_cloudformation_resource.approve
action "signal_cloudformation_resource" "approve" {
  config {
    stack_name          = var.stack_name
    logical_resource_id = "Approved"
    status              = "SUCCESS"
    wait_for_completion = true
    timeout             = "45m"
  }
}
