terraform import signal_ecs_deployment_wait.deployed arn:aws:ecs:us-east-1:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28
