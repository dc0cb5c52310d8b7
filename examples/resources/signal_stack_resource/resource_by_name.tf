variable "stack_name" {
  description = "The name of the stack that another resource of this configuration creates."
  type        = string
}

# It depends on nothing of the stack, and so runs beside its creation, which
# waits for this signal.
resource "signal_stack_resource" "beside" {
  stack_name          = var.stack_name
  logical_resource_id = "Deployed"
  status              = "SUCCESS"

  wait_until_ready = true
}
