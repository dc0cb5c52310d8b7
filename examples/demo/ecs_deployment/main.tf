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

variable "service_deployment_arn" {
  description = "The deployment that is paused."
  type        = string
  default     = "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/web/5a4d0b0c-0000-4000-8000-000000000070"
}

variable "hook_id" {
  description = "The hook that awaits an action."
  type        = string
  default     = "ecs-pause-5a4d0b0c-0000-4000-8000-000000000070"
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { ecs = var.endpoint }
  }
}

resource "signal_ecs_deployment" "approved" {
  service_deployment_arn = var.service_deployment_arn
  hook_id                = var.hook_id
  action                 = "CONTINUE"
}

# Stands for a resource that must be created only after the deployment goes on.
resource "terraform_data" "deployment" {
  input      = "continued at ${signal_ecs_deployment.approved.sent_at}"
  depends_on = [signal_ecs_deployment.approved]
}
