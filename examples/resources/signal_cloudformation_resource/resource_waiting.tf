# A gate: sent when the stack has come to the resource, and passed when the whole
# stack is complete. The stack may be one that aws_cloudformation_stack creates in
# the same apply, as long as this does not depend on it.
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
