variable "cluster" {
  description = "The ROS stack whose wait condition counts its hosts. Something else creates it."
  type        = string
}

# Each host has its own signal. None of them waits for the stack: it needs all of them.
resource "signal_stack_resource" "host" {
  for_each = toset(["a", "b", "c"])

  stack_id            = var.cluster
  logical_resource_id = "Hosts"
  status              = "SUCCESS"
  unique_id           = each.key
  region              = "cn-hangzhou"
}

# One wait behind all of them. It sends nothing.
resource "signal_stack_resource_wait" "cluster" {
  stack_id = var.cluster
  region   = "cn-hangzhou"

  timeouts {
    create = "45m"
  }

  depends_on = [signal_stack_resource.host]
}

output "cluster_status" {
  value = signal_stack_resource_wait.cluster.target_status
}
