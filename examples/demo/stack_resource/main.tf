# Signals the wait condition of an Alibaba Cloud ROS stack under creation.
#
# `make demo` applies this. To do it by hand, run `make sandbox` in another
# terminal: the defaults below are what it serves.

terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

variable "endpoint" {
  description = "Where the sandbox listens."
  type        = string
  default     = "http://127.0.0.1:4599"
}

variable "stack_id" {
  description = "The stack whose wait condition \"Deployed\" waits."
  type        = string
  default     = "5a4d0b0c-0000-4000-8000-000000000003"
}

# These are the keys of the sandbox. For Alibaba Cloud, set only the region.
provider "signal" {
  alicloud {
    region     = "cn-hangzhou"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ros = var.endpoint }
  }
}

resource "signal_stack_resource" "deployed" {
  stack_id            = var.stack_id
  logical_resource_id = "Deployed"
  status              = "SUCCESS"
}

# Stands for a resource that must be created only after the stack has been signalled.
resource "terraform_data" "deployment" {
  input      = "signalled at ${signal_stack_resource.deployed.sent_at}"
  depends_on = [signal_stack_resource.deployed]
}
