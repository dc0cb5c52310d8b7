variable "stack_id" {
  description = "The ROS stack whose wait condition is to be released."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_stack_resource.release
action "signal_stack_resource" "release" {
  config {
    stack_id            = var.stack_id
    logical_resource_id = "Deployed"
    status              = "SUCCESS"
    wait_for_completion = true
    timeout             = "45m"
  }
}
