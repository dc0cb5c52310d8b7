# A gate. It sends the signal after the stack has reached its wait condition,
# and waits until the whole stack is complete.
resource "signal_stack_resource" "gate" {
  stack_id            = var.stack_id
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
  input      = "deployed after ${signal_stack_resource.gate.target_status}"
  depends_on = [signal_stack_resource.gate]
}
