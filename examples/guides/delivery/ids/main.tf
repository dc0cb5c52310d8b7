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

# The decider finds the id in the signal's event, and can pass over an id that it has seen.
resource "signal_workflow_execution" "ship" {
  domain      = "orders"
  workflow_id = var.order_id
  signal_name = "ship"
  input       = jsonencode({ id = "ship-${var.release}" })
}

# Whatever repeats this signal, this provider or another run of it, repeats it under the same ids. A token has no dots.
resource "signal_stack_resource" "deployed" {
  stack_id            = var.stack_id
  logical_resource_id = "Deployed"
  status              = "SUCCESS"
  unique_id           = "deployed-${var.release}"
  client_token        = "deployed-${replace(var.release, ".", "-")}"
}
