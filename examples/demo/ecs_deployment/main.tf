# Continues a deployment of an Amazon ECS service that is paused at a hook.
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

variable "service" {
  description = "The service whose deployment is paused."
  type        = string
  default     = "web"
}

# The sandbox's own keys. Against AWS leave all of this out but the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ecs = var.endpoint }
  }
}

resource "signal_ecs_deployment" "approved" {
  cluster = "default"
  service = var.service
  action  = "CONTINUE"
}

# Stands for whatever may exist only once the deployment goes on.
resource "terraform_data" "deployment" {
  input      = "continued at ${signal_ecs_deployment.approved.sent_at}"
  depends_on = [signal_ecs_deployment.approved]
}
