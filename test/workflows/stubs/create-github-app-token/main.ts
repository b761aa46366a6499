throw new Error('create-github-app-token needs a service that is not here');
