variable "service" {
  description = "The service whose deployments pause in two stages."
  type        = string
}

# Two signals to one deployment: the first must not wait for its end.
resource "signal_ecs_deployment" "scaled" {
  cluster         = "default"
  service         = var.service
  lifecycle_stage = "POST_SCALE_UP"

  wait_until_ready = true
}

resource "signal_ecs_deployment" "tested" {
  cluster         = "default"
  service         = var.service
  lifecycle_stage = "POST_TEST_TRAFFIC_SHIFT"

  wait_until_ready = true

  depends_on = [signal_ecs_deployment.scaled]
}

# One wait behind both. It sends nothing.
resource "signal_ecs_deployment_wait" "deployed" {
  service_deployment_arn = signal_ecs_deployment.tested.service_deployment_arn

  timeouts {
    create = "45m"
  }
}

output "deployment_status" {
  value = signal_ecs_deployment_wait.deployed.target_status
}
