# A gate. It sends the signal after the stack has reached the resource, and
# waits until the whole stack is complete. aws_cloudformation_stack may create
# the stack in the same apply, if this resource does not depend on it.
resource "signal_cloudformation_resource" "gate" {
  stack_name          = var.stack_name
  logical_resource_id = "Approved"
  status              = "SUCCESS"

  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "45m"
  }
}

# Not created when the stack fails or is rolled back.
resource "terraform_data" "application" {
  input      = "deployed after ${signal_cloudformation_resource.gate.target_status}"
  depends_on = [signal_cloudformation_resource.gate]
}
