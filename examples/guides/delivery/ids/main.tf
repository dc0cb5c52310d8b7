variable "order_id" {
  description = "The workflow id of an order that waits to be shipped."
  type        = string
}

variable "stack_id" {
  description = "The stack whose wait condition is to be released."
  type        = string
}

variable "release" {
  description = "What is released. A new value sends both signals again."
  type        = string
}

# The decider finds the id in the signal's event, and can ignore an id that it
# has seen.
resource "signal_workflow_execution" "ship" {
  domain      = "orders"
  workflow_id = var.order_id
  signal_name = "ship"
  input       = jsonencode({ id = "ship-${var.release}" })
}

# Every repeat of this signal, including those of a later apply, has the same ids. A
# token must not contain dots.
resource "signal_stack_resource" "deployed" {
  stack_id            = var.stack_id
  logical_resource_id = "Deployed"
  status              = "SUCCESS"
  unique_id           = "deployed-${var.release}"
  client_token        = "deployed-${replace(var.release, ".", "-")}"
}
