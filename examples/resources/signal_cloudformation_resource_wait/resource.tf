variable "fleet_stack_name" {
  description = "The stack whose hosts wait for two signals."
  type        = string
}

# With wait_for_completion the first of them would wait for the other.
resource "signal_cloudformation_resource" "hosts" {
  for_each = toset(["i-0123456789abcdef0", "i-0123456789abcdef1"])

  stack_name          = var.fleet_stack_name
  logical_resource_id = "Hosts"
  status              = "SUCCESS"
  unique_id           = each.key
}

# One wait behind all of them. It sends nothing.
resource "signal_cloudformation_resource_wait" "fleet" {
  stack_name          = var.fleet_stack_name
  logical_resource_id = "Hosts"

  timeouts {
    create = "45m"
  }

  depends_on = [signal_cloudformation_resource.hosts]
}

output "fleet_address" {
  value = signal_cloudformation_resource_wait.fleet.outputs["Address"]
}
