terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {}

variable "stack_name" {
  description = "The CloudFormation stack that is complete once twelve hosts have signalled."
  type        = string
}

# Any resource that sets up a host.
resource "terraform_data" "host" {
  for_each = toset([for n in range(12) : format("host-%02d", n + 1)])
}

# One signal for each host, as soon as that host is set up. None of them waits.
resource "signal_cloudformation_resource" "host" {
  for_each = terraform_data.host

  stack_name          = var.stack_name
  logical_resource_id = "Hosts"
  status              = "SUCCESS"
  unique_id           = each.key
}

# One wait behind all of them. It sends nothing.
resource "signal_cloudformation_resource_wait" "hosts" {
  stack_name          = var.stack_name
  logical_resource_id = "Hosts"

  timeouts {
    create = "45m"
  }

  depends_on = [signal_cloudformation_resource.host]
}

# Created only after the stack is complete.
resource "terraform_data" "application" {
  input      = "deployed after ${signal_cloudformation_resource_wait.hosts.target_status}"
  depends_on = [signal_cloudformation_resource_wait.hosts]
}
