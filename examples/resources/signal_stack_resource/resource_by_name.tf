variable "stack_name" {
  description = "The name of the stack that another resource of this configuration creates."
  type        = string
}

# Do not depend on the resource that creates the stack. Terraform then applies
# both at the same time. The creation of the stack waits for this signal.
resource "signal_stack_resource" "beside" {
  stack_name          = var.stack_name
  logical_resource_id = "Deployed"
  status              = "SUCCESS"

  wait_until_ready = true
}
