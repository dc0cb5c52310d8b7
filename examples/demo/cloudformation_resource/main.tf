# Signals a resource of an AWS CloudFormation stack under creation.
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

variable "stack_name" {
  description = "The stack whose resource \"Hosts\" waits."
  type        = string
  default     = "web"
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { cloudformation = var.endpoint }
  }
}

resource "signal_cloudformation_resource" "host" {
  stack_name          = var.stack_name
  logical_resource_id = "Hosts"
  status              = "SUCCESS"
}

# Stands for a resource that must be created only after the stack has been signalled.
resource "terraform_data" "deployment" {
  input      = "signalled at ${signal_cloudformation_resource.host.sent_at}"
  depends_on = [signal_cloudformation_resource.host]
}
